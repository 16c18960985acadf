; Rust. A scope reads `impl Display for Point`, `mod parser`, `fn run`.

; Bodiless `mod name;` only points to another file.
(mod_item name: (identifier) @name body: (declaration_list)) @definition.module

(struct_item name: (type_identifier) @name) @definition.struct
(union_item name: (type_identifier) @name) @definition.struct
(enum_item name: (type_identifier) @name) @definition.enum
(trait_item name: (type_identifier) @name) @definition.trait

; The whole type, with its arguments, names an impl: `impl From<A> for B<T>`.
(impl_item type: (_) @name) @definition.impl

(type_item name: (type_identifier) @name) @definition.type
(associated_type name: (type_identifier) @name) @definition.type
(macro_definition name: (identifier) @name) @definition.macro

; Constants inside function bodies are local; these parents rule them out.
(source_file (const_item name: (identifier) @name) @definition.constant)
(declaration_list (const_item name: (identifier) @name) @definition.constant)
(source_file (static_item name: (identifier) @name) @definition.variable)
(declaration_list (static_item name: (identifier) @name) @definition.variable)

(function_item name: (_) @name) @definition.function
(function_signature_item name: (_) @name) @definition.function

; After the general patterns, because the last match of a node decides its kind.
(impl_item body: (declaration_list (function_item name: (_) @name) @definition.method))
(trait_item body: (declaration_list (function_item name: (_) @name) @definition.method))
(trait_item
  body: (declaration_list (function_signature_item name: (_) @name) @definition.method))

(attribute_item) @doc
; `//!` and `/*! */` describe what encloses them, not what follows.
(line_comment !inner) @doc
(block_comment !inner) @doc
