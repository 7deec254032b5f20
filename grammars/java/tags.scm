(method_invocation name: (identifier) @reference.call)
(method_reference (_) "::" (identifier) @reference.call)
(type_identifier) @reference.type
(marker_annotation name: (identifier) @reference.type)
(annotation name: (identifier) @reference.type)
((method_invocation object: (identifier) @reference.type) (#match? @reference.type "^[A-Z][a-z]"))
((field_access object: (identifier) @reference.type) (#match? @reference.type "^[A-Z][a-z]"))
