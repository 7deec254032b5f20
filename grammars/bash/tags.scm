((command name: (command_name (word) @reference.call))
  (#not-any-of? @reference.call "source" "." "echo" "printf" "cd" "exit" "return" "true" "false" "set" "shift" "test" "alias" "trap"))
; trap handler EXIT: a function handed over by name.
((command name: (command_name (word) @_command) . argument: (word) @reference.call) (#eq? @_command "trap"))
