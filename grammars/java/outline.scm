((method_declaration (modifiers [(marker_annotation name: (_) @_annotation) (annotation name: (_) @_annotation)]) name: (identifier) @name body: (_) @body) @definition.test
  (#any-of? @_annotation "Test" "ParameterizedTest" "RepeatedTest" "TestFactory" "Theory"))
(class_declaration name: (identifier) @name body: (_) @body) @definition.class
(record_declaration name: (identifier) @name body: (_) @body) @definition.struct
(interface_declaration name: (identifier) @name body: (_) @body) @definition.interface
(annotation_type_declaration name: (identifier) @name body: (_) @body) @definition.interface
(enum_declaration name: (identifier) @name body: (_) @body) @definition.enum
(method_declaration name: (identifier) @name body: (_)? @body) @definition.method
(constructor_declaration name: (identifier) @name body: (_) @body) @definition.method
(compact_constructor_declaration name: (identifier) @name body: (_) @body) @definition.method
(annotation_type_element_declaration name: (identifier) @name) @definition.method
((field_declaration (modifiers) @_modifiers declarator: (variable_declarator name: (identifier) @name value: (_)? @body)) @definition.constant
  (#match? @_modifiers "static[^@]*final|final[^@]*static"))
(constant_declaration declarator: (variable_declarator name: (identifier) @name value: (_)? @body)) @definition.constant

(superclass (_) @base)
(super_interfaces (type_list (_) @base))
(extends_interfaces (type_list (_) @base))

(import_declaration) @import
[(line_comment) (block_comment) (marker_annotation) (annotation)] @leading
