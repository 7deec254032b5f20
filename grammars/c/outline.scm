; Names are found inside declarators (pointers, arrays, parentheses) by code: their nesting has no bound.
; TEST_BEGIN(name) { .. }: the macro is not the name.
((function_definition declarator: (function_declarator declarator: (identifier) @_macro
    parameters: (parameter_list . (parameter_declaration type: (type_identifier) @name !declarator) .)) body: (_) @body) @definition.function
  (#match? @_macro "^[A-Z][A-Z0-9_]+$"))
(function_definition declarator: (_) @name body: (_) @body) @definition.function
(struct_specifier name: (type_identifier) @name body: (_) @body) @definition.struct
(union_specifier name: (type_identifier) @name body: (_) @body) @definition.struct
(enum_specifier name: (type_identifier) @name body: (_) @body) @definition.enum
(type_definition type: (_ body: (_) @body) declarator: (_) @name) @definition.type
(type_definition declarator: (_) @name) @definition.type
(preproc_function_def name: (identifier) @name value: (_)? @body) @definition.macro
(preproc_def name: (identifier) @name value: (_) @body) @definition.constant

(declaration declarator: (function_declarator declarator: (identifier) @name)) @definition.prototype
(declaration declarator: (pointer_declarator declarator: (function_declarator declarator: (identifier) @name))) @definition.prototype
(declaration declarator: (pointer_declarator declarator: (pointer_declarator declarator: (function_declarator declarator: (identifier) @name)))) @definition.prototype
(declaration declarator: (init_declarator declarator: (_) @name value: (_) @body)) @definition.constant

(preproc_include) @import
(comment) @leading
