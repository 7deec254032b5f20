(call_expression function: (identifier) @reference.call)
(call_expression function: (scoped_identifier name: (identifier) @reference.call))
(call_expression function: (field_expression field: (field_identifier) @reference.call))
(call_expression function: (generic_function function: [
  (identifier) @reference.call
  (scoped_identifier name: (identifier) @reference.call)
  (field_expression field: (field_identifier) @reference.call)]))
(macro_invocation macro: [(identifier) @reference.call (scoped_identifier name: (identifier) @reference.call)])
; Macro arguments are bare tokens: a name before parentheses is as good as a call.
(token_tree (identifier) @reference.call . (token_tree) @_arguments (#match? @_arguments "^\\("))
(struct_expression name: [(type_identifier) @reference.type (scoped_type_identifier name: (type_identifier) @reference.type)])
(scoped_identifier path: (identifier) @reference.type (#match? @reference.type "^[A-Z]"))
(type_identifier) @reference.type
