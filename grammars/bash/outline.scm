(function_definition name: (word) @name body: (_) @body) @definition.function
(program (variable_assignment name: (variable_name) @name value: (_)? @body) @definition.constant)
(program (declaration_command (variable_assignment name: (variable_name) @name value: (_)? @body)) @definition.constant)

((command name: (command_name (word) @_source)) @import (#any-of? @_source "source" "."))
(comment) @leading
