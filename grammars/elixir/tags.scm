((call target: (identifier) @reference.call)
  (#not-any-of? @reference.call "def" "defp" "defdelegate" "defguard" "defguardp" "defmacro" "defmacrop" "defn" "defnp" "defmodule"
    "defprotocol" "defimpl" "defstruct" "defexception" "defoverridable" "alias" "case" "cond" "else" "for" "if" "import" "quote" "raise"
    "receive" "require" "reraise" "super" "throw" "try" "unless" "unquote" "unquote_splicing" "use" "with" "test" "describe" "assert"
    "doc" "moduledoc" "spec" "type" "impl" "typedoc" "tag" "behaviour" "callback" "typep" "opaque"))
(call target: (dot right: (identifier) @reference.call))
(binary_operator operator: "|>" right: (identifier) @reference.call)
; &name/1
(unary_operator operator: "&" operand: (binary_operator left: (identifier) @reference.call operator: "/"))
(alias) @reference.type
