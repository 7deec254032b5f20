((call_expression function: (identifier) @reference.call)
  (#not-any-of? @reference.call "append" "cap" "close" "copy" "delete" "len" "make" "max" "min" "new" "panic" "print" "println" "recover"))
(call_expression function: (selector_expression field: (field_identifier) @reference.call))
(call_expression function: (parenthesized_expression (identifier) @reference.call))
((type_identifier) @reference.type
  (#not-any-of? @reference.type "any" "bool" "byte" "error" "float32" "float64" "int" "int8" "int16" "int32" "int64" "rune" "string"
    "uint" "uint8" "uint16" "uint32" "uint64" "uintptr"))
