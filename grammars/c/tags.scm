(call_expression function: (identifier) @reference.call)
(call_expression function: (field_expression field: (field_identifier) @reference.call))
(type_identifier) @reference.type
; Functions handed over by name, in tables of commands and callbacks.
(initializer_list (identifier) @reference.call)
(initializer_pair value: (identifier) @reference.call)
(argument_list (pointer_expression operator: "&" argument: (identifier) @reference.call))
