(function_definition name: (identifier) @name body: (_) @body
  (#match? @name "^test(_|$)")) @definition.test
(function_definition name: (identifier) @name body: (_) @body) @definition.function
(class_definition name: (identifier) @name body: (_) @body) @definition.class
(type_alias_statement left: (type (identifier) @name)) @definition.type

; Variables of the module, also where it chooses between two.
(module (expression_statement (assignment left: (identifier) @name right: (_)? @body)) @definition.constant)
(module (expression_statement (assignment left: (pattern_list (identifier) @name) right: (_) @body)) @definition.constant)
(module (if_statement (block (expression_statement (assignment left: (identifier) @name right: (_) @body)) @definition.constant)))
(module (try_statement (block (expression_statement (assignment left: (identifier) @name right: (_) @body)) @definition.constant)))

(class_definition superclasses: (argument_list [(identifier) (attribute) (subscript)] @base))

(import_statement) @import
(import_from_statement) @import
(future_import_statement) @import

(decorated_definition) @wrapper
[(comment) (decorator)] @leading
