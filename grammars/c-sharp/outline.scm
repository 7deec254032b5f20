((method_declaration (attribute_list (attribute name: (_) @_attribute)) name: (identifier) @name body: (_) @body) @definition.test
  (#any-of? @_attribute "Test" "TestCase" "Fact" "Theory" "TestMethod"))
(class_declaration name: (identifier) @name body: (_)? @body) @definition.class
(struct_declaration name: (identifier) @name body: (_)? @body) @definition.struct
(record_declaration name: (identifier) @name body: (_)? @body) @definition.struct
(interface_declaration name: (identifier) @name body: (_)? @body) @definition.interface
(enum_declaration name: (identifier) @name body: (_)? @body) @definition.enum
(delegate_declaration name: (identifier) @name) @definition.type
(namespace_declaration name: (_) @name body: (_) @body) @definition.module
(method_declaration name: (identifier) @name body: (_)? @body) @definition.method
(constructor_declaration name: (identifier) @name body: (_)? @body) @definition.method
(destructor_declaration name: (identifier) @name body: (_)? @body) @definition.method
(operator_declaration operator: _ @name body: (_)? @body) @definition.method
(indexer_declaration "this" @name accessors: (_)? @body) @definition.property
(property_declaration name: (identifier) @name accessors: (_)? @body value: (_)? @body) @definition.property
(event_declaration name: (identifier) @name accessors: (_)? @body) @definition.property
(local_function_statement name: (identifier) @name body: (_)? @body) @definition.function
((field_declaration (modifier) @_modifier (variable_declaration (variable_declarator name: (identifier) @name (_)? @body))) @definition.constant
  (#any-of? @_modifier "const" "static"))

(base_list [(identifier) (generic_name) (qualified_name)] @base)
(base_list (primary_constructor_base_type type: (_) @base))

(using_directive) @import
[(comment) (attribute_list)] @leading
