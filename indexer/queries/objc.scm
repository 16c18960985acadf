; Objective-C: its own definitions, and those of C. Of a selector of several parts the first is the
; name.

(class_interface "@interface" . (identifier) @name) @definition.class
; Categories, and extensions, which have no name.
(class_interface "@interface" . (identifier) @name . "(") @definition.impl
(class_implementation "@implementation" . (identifier) @name) @definition.impl
(protocol_declaration "@protocol" . (identifier) @name) @definition.interface

(method_definition ["-" "+"] . (method_type)? . (identifier) @name) @definition.method
(method_declaration ["-" "+"] . (method_type)? . (identifier) @name) @definition.method

(property_declaration
  (struct_declaration
    (struct_declarator [
      (identifier) @name
      (pointer_declarator declarator: (identifier) @name)
      (function_declarator
        declarator: (parenthesized_declarator
          (block_pointer_declarator declarator: (identifier) @name)))
    ]))) @definition.property

; Structs, unions and enums, where they have a body.
(struct_specifier name: (type_identifier) @name body: (_)) @definition.struct
(union_specifier name: (type_identifier) @name body: (_)) @definition.struct
(enum_specifier name: (type_identifier) @name body: (_)) @definition.enum

(type_definition
  type: [
    (primitive_type) (sized_type_specifier) (type_identifier) (typedefed_specifier)
    (struct_specifier !body) (union_specifier !body) (enum_specifier !body)
  ]
  declarator: [
    (type_identifier) @name
    (pointer_declarator declarator: (type_identifier) @name)
    (array_declarator declarator: (type_identifier) @name)
    (function_declarator
      declarator: (parenthesized_declarator [
        (pointer_declarator declarator: (type_identifier) @name)
        (block_pointer_declarator declarator: (type_identifier) @name)
      ]))
  ]) @definition.type
; Of an anonymous type the typedef is the only name.
(type_definition
  type: [(struct_specifier !name body: (_)) (union_specifier !name body: (_))]
  declarator: (type_identifier) @name) @definition.struct
(type_definition
  type: (enum_specifier !name body: (_))
  declarator: (type_identifier) @name) @definition.enum

(preproc_def name: (identifier) @name value: (_)) @definition.macro
(preproc_function_def name: (identifier) @name) @definition.macro

; Global variables: at the top, or below a guard.
(translation_unit
  (declaration
    declarator: [
      (identifier) @name
      (_ declarator: (identifier) @name)
      (_ declarator: (_ declarator: (identifier) @name))
    ]) @definition.variable)
(translation_unit
  (preproc_ifdef
    (declaration
      declarator: [
        (identifier) @name
        (_ declarator: (identifier) @name)
        (_ declarator: (_ declarator: (identifier) @name))
      ]) @definition.variable))
(translation_unit
  (declaration
    (type_qualifier "const")
    declarator: (init_declarator declarator: (identifier) @name)) @definition.constant)
(translation_unit
  (declaration
    declarator: (init_declarator
      declarator: (pointer_declarator
        (type_qualifier "const") declarator: (identifier) @name))) @definition.constant)

; Definitions and prototypes. After the variables, whose shapes include them, because the
; last match of a node decides its kind.
(function_definition
  declarator: [
    (function_declarator declarator: (identifier) @name)
    (pointer_declarator declarator: (function_declarator declarator: (identifier) @name))
  ]) @definition.function
(declaration
  declarator: [
    (function_declarator declarator: (identifier) @name)
    (pointer_declarator declarator: (function_declarator declarator: (identifier) @name))
  ]) @definition.function

(comment) @doc
