; What C++ adds; the rest is in c/outline.scm.

; TEST(Suite, Name) { .. } and TEST_CASE("name") { .. }
((function_definition declarator: (function_declarator declarator: (identifier) @_macro
    parameters: (parameter_list (parameter_declaration) . (parameter_declaration) @name)) body: (_) @body) @definition.test
  (#any-of? @_macro "TEST" "TEST_F" "TEST_P" "TYPED_TEST" "BENCHMARK_F"))
((expression_statement (call_expression function: (identifier) @_macro arguments: (argument_list . (string_literal) @name))) @nested.test
  . (compound_statement) @nested.test
  (#any-of? @_macro "TEST_CASE" "SCENARIO" "TEST_CASE_TEMPLATE" "SECTION"))

(class_specifier name: (_) @name body: (_) @body) @definition.class
(struct_specifier name: [(template_type) (qualified_identifier)] @name body: (_) @body) @definition.struct
(namespace_definition name: (_) @name body: (_) @body) @definition.module
(alias_declaration name: (type_identifier) @name) @definition.type
(concept_definition name: (identifier) @name) @definition.type
(function_definition declarator: (_) @name (default_method_clause)) @definition.function
(function_definition declarator: (_) @name (delete_method_clause)) @definition.function
(function_definition declarator: (_) @name (try_statement body: (_) @body)) @definition.function
(field_declaration declarator: (function_declarator declarator: (_) @name)) @definition.prototype
(field_declaration declarator: (pointer_declarator declarator: (function_declarator declarator: (_) @name))) @definition.prototype
(field_declaration declarator: (reference_declarator (function_declarator declarator: (_) @name))) @definition.prototype
(field_declaration (storage_class_specifier) declarator: (field_identifier) @name default_value: (_) @body) @definition.constant
; Constructors and operators have no type.
(declaration declarator: (function_declarator declarator: [(destructor_name) (operator_name)] @name)) @definition.prototype

(base_class_clause [(type_identifier) (qualified_identifier) (template_type)] @base)

(using_declaration) @import
(template_declaration) @wrapper
