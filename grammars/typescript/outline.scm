; What TypeScript adds; the rest is in ecmascript/outline.scm.
(abstract_class_declaration name: (_) @name body: (_) @body) @nested.class
(abstract_method_signature name: (_) @name) @nested.method
(method_signature name: (_) @name) @definition.method
(function_signature name: (identifier) @name) @definition.function
(interface_declaration name: (_) @name body: (_) @body) @nested.interface
(type_alias_declaration name: (_) @name value: (_) @body) @nested.type
(enum_declaration name: (_) @name body: (_) @body) @nested.enum
(internal_module name: (_) @name body: (_) @body) @definition.module
(module name: (_) @name body: (_) @body) @definition.module
(ambient_declaration (lexical_declaration (variable_declarator name: (identifier) @name))) @definition.constant
(ambient_declaration (variable_declaration (variable_declarator name: (identifier) @name))) @definition.constant

(extends_clause value: [(identifier) (member_expression)] @base)
(implements_clause [(type_identifier) (generic_type) (nested_type_identifier)] @base)
(extends_type_clause [(type_identifier) (generic_type) (nested_type_identifier)] @base)

(import_alias) @import
(ambient_declaration) @wrapper
(expression_statement (internal_module)) @wrapper
