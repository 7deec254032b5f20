((function_declaration name: (identifier) @name body: (_) @body) @definition.test (#match? @name "^(Test|Benchmark|Fuzz|Example)([A-Z_]|$)"))
(function_declaration name: (identifier) @name body: (_)? @body) @definition.function
(method_declaration name: (field_identifier) @name body: (_)? @body) @definition.method
(type_declaration (type_spec name: (type_identifier) @name type: (struct_type (field_declaration_list) @body)) @definition.struct)
(type_declaration (type_spec name: (type_identifier) @name type: (interface_type "{" @body)) @definition.interface)
(type_declaration (type_spec name: (type_identifier) @name type: (_) @body) @definition.type)
(type_declaration (type_alias name: (type_identifier) @name type: (_) @body) @definition.type)
(interface_type (method_elem name: (field_identifier) @name) @definition.method)
(const_declaration (const_spec name: (identifier) @name value: (_)? @body) @definition.constant)
(source_file (var_declaration (var_spec name: (identifier) @name value: (expression_list (func_literal body: (_) @body))) @definition.function))
(source_file (var_declaration (var_spec name: (identifier) @name value: (_)? @body) @definition.constant))
(source_file (var_declaration (var_spec_list (var_spec name: (identifier) @name value: (_)? @body) @definition.constant)))

; Embedded fields and interfaces.
(field_declaration !name type: (_) @base)
(interface_type (type_elem . (type_identifier) @base .))

(import_declaration) @import
; A declaration of one thing begins with its keyword; a group of several keeps its opening line.
(type_declaration . "type" . [(type_spec) (type_alias)] .) @wrapper
(const_declaration . "const" . (const_spec) .) @wrapper
(var_declaration . "var" . (var_spec) .) @wrapper
(comment) @leading
