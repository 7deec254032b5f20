; What JavaScript and TypeScript share.
; Whole modules live inside one function here (wrappers, callbacks of test groups), so functions count at any depth: `@nested`.

; describe("x", () => { .. }), it.each(..)("x", () => { .. })
(call_expression
  function: [
    (identifier) @_call
    (member_expression object: (identifier) @_call)
    (call_expression function: (member_expression object: (identifier) @_call))]
  arguments: (arguments . [(string) (template_string)] @name [(arrow_function body: (_) @body) (function_expression body: (_) @body)])
  (#any-of? @_call "describe" "it" "test" "context" "suite" "specify" "bench" "fdescribe" "fit" "xdescribe" "xit")) @nested.test

; ruleTester.run("name", rule, { .. })
((call_expression
  function: (member_expression object: (identifier) @_tester property: (property_identifier) @_run)
  arguments: (arguments . (string) @name (object) @body .)) @nested.test
  (#match? @_tester "[tT]ester$") (#eq? @_run "run"))

(function_declaration name: (identifier) @name body: (_) @body) @nested.function
(generator_function_declaration name: (identifier) @name body: (_) @body) @nested.function
(class_declaration name: (_) @name body: (_) @body) @nested.class
(method_definition name: (_) @name body: (_) @body) @nested.method

; const f = () => .., also wrapped in one call: memo(() => ..), debounce(function () { .. }, 5)
(lexical_declaration . _ . (variable_declarator name: (identifier) @name
  value: [(arrow_function body: (_) @body) (function_expression body: (_) @body) (generator_function body: (_) @body)]) .) @nested.function
(variable_declarator name: (identifier) @name
  value: [(arrow_function body: (_) @body) (function_expression body: (_) @body) (generator_function body: (_) @body)]) @nested.function
(program (lexical_declaration (variable_declarator name: (identifier) @name
  value: (call_expression arguments: (arguments [(arrow_function body: (_) @body) (function_expression body: (_) @body)])))) @definition.function)
(program (export_statement (lexical_declaration (variable_declarator name: (identifier) @name
  value: (call_expression arguments: (arguments [(arrow_function body: (_) @body) (function_expression body: (_) @body)])))) @definition.function))
(variable_declarator name: (identifier) @name value: (class body: (_) @body)) @nested.class

; exports.f = function .., Foo.prototype.f = function .., a.b = () => ..
(expression_statement (assignment_expression
  left: [(identifier) @name (member_expression property: (_) @name)]
  right: [(arrow_function body: (_) @body) (function_expression body: (_) @body) (generator_function body: (_) @body)])) @nested.function
(assignment_expression
  left: (member_expression property: (_) @name)
  right: [(arrow_function body: (_) @body) (function_expression body: (_) @body) (generator_function body: (_) @body)]) @nested.function
(expression_statement (assignment_expression left: [(identifier) @name (member_expression property: (_) @name)] right: (class body: (_) @body))) @nested.class
; exports.a = exports.b = function ..
(assignment_expression
  left: (member_expression property: (_) @name)
  right: (assignment_expression right: [(arrow_function body: (_) @body) (function_expression body: (_) @body)])) @nested.function

; { f: function () {}, g: () => .. }
(pair key: [(property_identifier) (string)] @name
  value: [(arrow_function body: (_) @body) (function_expression body: (_) @body) (generator_function body: (_) @body)]) @nested.method
; The wildcard is a field, which JavaScript and TypeScript call by different names.
(class_body (_ [(property_identifier) (private_property_identifier)] @name value: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]) @nested.method)

; module.exports = { .. }, exports.rules = ..
(program (expression_statement (assignment_expression left: (member_expression property: (property_identifier) @name) right: (_) @body)) @definition.constant)
(program (lexical_declaration (variable_declarator name: (identifier) @name value: (_)? @body)) @definition.constant)
(program (variable_declaration (variable_declarator name: (identifier) @name value: (_)? @body)) @definition.constant)
(program (export_statement (lexical_declaration (variable_declarator name: (identifier) @name value: (_)? @body)) @definition.constant))
(program (export_statement (variable_declaration (variable_declarator name: (identifier) @name value: (_)? @body)) @definition.constant))
(program (export_statement "default" @name value: [(function_expression body: (_) @body) (arrow_function body: (_) @body)]) @definition.function)
(program (export_statement "default" @name value: (class body: (_) @body)) @definition.class)
(program (export_statement "default" @name value: [(object) (call_expression) (array)] @body) @definition.constant)

(import_statement) @import
(export_statement source: (_)) @import
((lexical_declaration (variable_declarator value: (call_expression function: (identifier) @_require))) @import (#eq? @_require "require"))
((variable_declaration (variable_declarator value: (call_expression function: (identifier) @_require))) @import (#eq? @_require "require"))
((lexical_declaration (variable_declarator value: (member_expression object: (call_expression function: (identifier) @_require)))) @import (#eq? @_require "require"))
((variable_declaration (variable_declarator value: (member_expression object: (call_expression function: (identifier) @_require)))) @import (#eq? @_require "require"))

(export_statement) @wrapper
[(comment) (decorator)] @leading
