; Tests first: of two patterns that name the same thing, the earlier one counts.
((attribute_item (attribute (identifier) @_attribute)) . (attribute_item)* . (function_item name: (identifier) @name body: (_) @body) @definition.test
  (#eq? @_attribute "test"))
((attribute_item (attribute (scoped_identifier name: (identifier) @_attribute))) . (attribute_item)* . (function_item name: (identifier) @name body: (_) @body) @definition.test
  (#eq? @_attribute "test"))
(source_file (macro_invocation macro: (identifier) @_macro (token_tree . (identifier) @name) @body) @definition.test
  (#match? @_macro "test$"))

(function_item name: (identifier) @name body: (_) @body) @definition.function
(function_signature_item name: (identifier) @name) @definition.function
(struct_item name: (type_identifier) @name body: (_)? @body) @definition.struct
(union_item name: (type_identifier) @name body: (_) @body) @definition.struct
(enum_item name: (type_identifier) @name body: (_) @body) @definition.enum
(trait_item name: (type_identifier) @name body: (_) @body) @definition.trait
(impl_item type: (_) @name body: (_) @body) @definition.impl
(mod_item name: (identifier) @name body: (_) @body) @definition.module
(macro_definition name: (identifier) @name "{"? @body "("? @body "["? @body) @definition.macro
(const_item name: (identifier) @name value: (_)? @body) @definition.constant
(static_item name: (identifier) @name value: (_)? @body) @definition.constant
(type_item name: (type_identifier) @name) @definition.type
(associated_type name: (type_identifier) @name) @definition.type

(impl_item trait: (_) @base)
(trait_item bounds: (trait_bounds (_) @base))

(use_declaration) @import
(extern_crate_declaration) @import
(mod_item !body) @import

[(line_comment) (block_comment) (attribute_item)] @leading
