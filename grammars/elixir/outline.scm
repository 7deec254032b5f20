((call target: (identifier) @_def (arguments . (string) @name) (do_block) @body) @nested.test
  (#any-of? @_def "test" "describe" "property"))
((call target: (identifier) @_def (arguments . (alias) @name) (do_block) @body) @definition.module (#eq? @_def "defmodule"))
((call target: (identifier) @_def (arguments . (alias) @name) (do_block) @body) @definition.interface (#eq? @_def "defprotocol"))
((call target: (identifier) @_def (arguments . (alias) @name) (do_block) @body) @definition.impl (#eq? @_def "defimpl"))
((call target: (identifier) @_def
  (arguments . [
    (identifier) @name
    (call target: (identifier) @name)
    (binary_operator left: [(identifier) @name (call target: (identifier) @name)] operator: "when")])
  (do_block)? @body) @nested.function
  (#any-of? @_def "def" "defp" "defdelegate" "defguard" "defguardp" "defn" "defnp"))
((call target: (identifier) @_def
  (arguments . [
    (identifier) @name
    (call target: (identifier) @name)
    (binary_operator left: [(identifier) @name (call target: (identifier) @name)] operator: "when")])
  (do_block)? @body) @definition.macro
  (#any-of? @_def "defmacro" "defmacrop"))
; Functions count inside macros and groups of tests too.
; def a <> b, do: .. names an operator.
((call target: (identifier) @_def (arguments . (binary_operator operator: _ @name)) (do_block)? @body) @nested.function
  (#any-of? @_def "def" "defp") (#not-eq? @name "when"))
((call target: (identifier) @name (arguments)) @definition.struct (#any-of? @name "defstruct" "defexception" "embedded_schema"))
((call target: (identifier) @_def (arguments . (string) @name) (do_block) @body) @definition.struct (#eq? @_def "schema"))
((unary_operator operator: "@" operand: (call target: (identifier) @_attribute (arguments
    (binary_operator left: [(identifier) @name (call target: (identifier) @name)] operator: "::")))) @definition.type
  (#any-of? @_attribute "type" "typep" "opaque" "callback" "macrocallback"))
; Attributes of the module are its constants.
((unary_operator operator: "@" operand: (call target: (identifier) @name (arguments . (_) @body))) @definition.constant
  (#not-any-of? @name "doc" "moduledoc" "typedoc" "spec" "impl" "type" "typep" "opaque" "callback" "macrocallback" "behaviour"
    "deprecated" "since" "tag" "moduletag" "describetag" "derive" "enforce_keys" "dialyzer" "compile" "external_resource" "optional_callbacks"
    "before_compile" "after_compile" "on_definition" "on_load" "file" "shortdoc" "requirements" "primary_key" "foreign_key_type" "timestamps_opts"))

((unary_operator operator: "@" operand: (call target: (identifier) @_attribute (arguments (alias) @base))) (#any-of? @_attribute "behaviour"))
((call target: (identifier) @_use (arguments . (alias) @base)) (#eq? @_use "use"))
((call target: (identifier) @_def (arguments . (alias) @base)) (#eq? @_def "defimpl"))

((call target: (identifier) @_import (arguments)) @import (#any-of? @_import "alias" "import" "require" "use"))
((unary_operator operator: "@" operand: (call target: (identifier) @_attribute)) @leading
  (#any-of? @_attribute "doc" "typedoc" "spec" "impl" "deprecated" "since" "tag" "decorate" "dialyzer"))
(comment) @leading
