((call method: (identifier) @_call arguments: (argument_list . (string) @name) block: (_) @body) @nested.test
  (#any-of? @_call "it" "describe" "context" "test" "specify" "feature" "scenario"))
((call method: (identifier) @_call arguments: (argument_list . [(constant) (scope_resolution)] @name) block: (_) @body) @nested.test
  (#any-of? @_call "describe" "context" "feature"))
((method name: (_) @name body: (_)? @body) @definition.test (#match? @name "^test_"))

(class name: (_) @name body: (_)? @body) @definition.class
(module name: (_) @name body: (_)? @body) @definition.module
(method name: (_) @name body: (_)? @body) @definition.function
(singleton_method name: (_) @name body: (_)? @body) @definition.method
(alias name: (_) @name) @definition.method
((call method: (identifier) @_call arguments: (argument_list . (simple_symbol) @name) block: (_) @body) @definition.method
  (#any-of? @_call "define_method" "task" "let" "let!"))
((call method: (identifier) @_call arguments: (argument_list . (simple_symbol) @name (lambda) @body)) @definition.method
  (#eq? @_call "scope"))
((call method: (identifier) @_call arguments: (argument_list . (simple_symbol) @name) block: (_) @body) @definition.module
  (#eq? @_call "namespace"))
((call method: (identifier) @_call arguments: (argument_list . (pair key: (_) @name)) block: (_) @body) @definition.method
  (#eq? @_call "task"))
(assignment left: (constant) @name right: (call receiver: (constant) @_type method: (identifier) @_new) @body
  (#any-of? @_type "Struct" "Class" "Data" "Module") (#any-of? @_new "new" "define")) @definition.class
(assignment left: (constant) @name right: (_) @body) @definition.constant

(class superclass: (superclass (_) @base))
((call !receiver method: (identifier) @_call arguments: (argument_list [(constant) (scope_resolution)] @base)) (#any-of? @_call "include" "extend" "prepend"))

((call !receiver method: (identifier) @_call arguments: (argument_list (string))) @import (#any-of? @_call "require" "require_relative" "load" "autoload"))
(comment) @leading
