; Swift. Attributes and modifiers are part of each declaration.

; One node type serves five kinds of type; the keyword tells them apart.
(class_declaration declaration_kind: "class" name: (_) @name) @definition.class
(class_declaration declaration_kind: "actor" name: (_) @name) @definition.class
(class_declaration declaration_kind: "struct" name: (_) @name) @definition.struct
(class_declaration declaration_kind: "enum" name: (_) @name) @definition.enum
(class_declaration declaration_kind: "extension" name: (_) @name) @definition.impl

(protocol_declaration name: (_) @name) @definition.interface
(typealias_declaration name: (type_identifier) @name) @definition.type
(associatedtype_declaration name: (type_identifier) @name) @definition.type
(macro_declaration "macro" . (simple_identifier) @name) @definition.macro

; Operators are named by tokens of many types; the anchor keeps the return type out.
(function_declaration "func" . name: _ @name) @definition.function
[(class_body (function_declaration "func" . name: _ @name) @definition.method)
 (enum_class_body (function_declaration "func" . name: _ @name) @definition.method)]
(protocol_function_declaration "func" . name: _ @name) @definition.method

(init_declaration "init" @name) @definition.method
(deinit_declaration "deinit" @name) @definition.method
(subscript_declaration "subscript" @name) @definition.method

; Members that run code are worth finding, and statics; plain stored fields are not.
; These parents rule out local variables.
(class_body
  (property_declaration
    name: (pattern bound_identifier: (simple_identifier) @name)
    [computed_value: (computed_property) (willset_didset_block)]) @definition.property)
(enum_class_body
  (property_declaration
    name: (pattern bound_identifier: (simple_identifier) @name)
    computed_value: (computed_property)) @definition.property)
(protocol_property_declaration
  name: (pattern bound_identifier: (simple_identifier) @name)) @definition.property

(source_file
  (property_declaration
    (value_binding_pattern mutability: "let")
    name: (pattern bound_identifier: (simple_identifier) @name)) @definition.constant)
(source_file
  (property_declaration
    (value_binding_pattern mutability: "var")
    name: (pattern bound_identifier: (simple_identifier) @name)) @definition.variable)
(_
  (property_declaration
    (modifiers (property_modifier "static"))
    (value_binding_pattern mutability: "let")
    name: (pattern bound_identifier: (simple_identifier) @name)) @definition.constant)

(comment) @doc
(multiline_comment) @doc
