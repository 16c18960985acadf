; C. A declarator nests the name below pointers, arrays and parameters: `_` stands for each.
; The parents of global variables are listed, because local ones are declarations too and may
; stand below `#if` as well.

; Structs, unions and enums, where they have a body.
(struct_specifier name: (type_identifier) @name body: (_)) @definition.struct
(union_specifier name: (type_identifier) @name body: (_)) @definition.struct
(enum_specifier name: (type_identifier) @name body: (_)) @definition.enum

(type_definition
  type: [
    (primitive_type) (sized_type_specifier) (type_identifier) (macro_type_specifier)
    (struct_specifier !body) (union_specifier !body) (enum_specifier !body)
  ]
  declarator: [
    (type_identifier) @name
    (pointer_declarator declarator: (type_identifier) @name)
    (array_declarator declarator: (type_identifier) @name)
    (function_declarator
      declarator: (parenthesized_declarator
        (pointer_declarator declarator: (type_identifier) @name)))
    (function_declarator declarator: (type_identifier) @name)
  ]) @definition.type
; Of an anonymous type the typedef is the only name.
(type_definition
  type: (struct_specifier !name body: (_))
  declarator: (type_identifier) @name) @definition.struct
(type_definition
  type: (union_specifier !name body: (_))
  declarator: (type_identifier) @name) @definition.struct
(type_definition
  type: (enum_specifier !name body: (_))
  declarator: (type_identifier) @name) @definition.enum
; `typedef struct node {…} node_t;`: the struct is captured above; this is its second name,
; unless it is the same.
((type_definition
  type: (_ name: (type_identifier) @scope body: (_))
  declarator: (type_identifier) @name @definition.type)
  (#not-eq? @name @scope))

(preproc_def name: (identifier) @name value: (_)) @definition.macro
(preproc_function_def name: (identifier) @name) @definition.macro

; Global variables: at the top, in `extern "C"`, below a guard or a condition.
(translation_unit
  (declaration
    declarator: [
      (identifier) @name
      (_ declarator: (identifier) @name)
      (_ declarator: (_ declarator: (identifier) @name))
      (_ declarator: (_ declarator: (_ declarator: (identifier) @name)))
    ]) @definition.variable)
(translation_unit
  (preproc_ifdef
    (declaration
      declarator: [
        (identifier) @name
        (_ declarator: (identifier) @name)
        (_ declarator: (_ declarator: (identifier) @name))
        (_ declarator: (_ declarator: (_ declarator: (identifier) @name)))
      ]) @definition.variable))
(translation_unit
  (preproc_if
    (declaration
      declarator: [
        (identifier) @name
        (_ declarator: (identifier) @name)
        (_ declarator: (_ declarator: (identifier) @name))
        (_ declarator: (_ declarator: (_ declarator: (identifier) @name)))
      ]) @definition.variable))
(translation_unit
  (preproc_ifdef
    (preproc_ifdef
      (declaration
        declarator: [
          (identifier) @name
          (_ declarator: (identifier) @name)
          (_ declarator: (_ declarator: (identifier) @name))
          (_ declarator: (_ declarator: (_ declarator: (identifier) @name)))
        ]) @definition.variable)))
(translation_unit
  (preproc_ifdef
    (preproc_if
      (declaration
        declarator: [
          (identifier) @name
          (_ declarator: (identifier) @name)
          (_ declarator: (_ declarator: (identifier) @name))
          (_ declarator: (_ declarator: (_ declarator: (identifier) @name)))
        ]) @definition.variable)))
(declaration_list
  (declaration
    declarator: [
      (identifier) @name
      (_ declarator: (identifier) @name)
      (_ declarator: (_ declarator: (identifier) @name))
      (_ declarator: (_ declarator: (_ declarator: (identifier) @name)))
    ]) @definition.variable)
(declaration_list
  (preproc_ifdef
    (declaration
      declarator: [
        (identifier) @name
        (_ declarator: (identifier) @name)
        (_ declarator: (_ declarator: (identifier) @name))
        (_ declarator: (_ declarator: (_ declarator: (identifier) @name)))
      ]) @definition.variable))

; Definitions and prototypes. After the variables, whose shapes include them, because the
; last match of a node decides its kind.
(function_definition
  declarator: [
    (function_declarator declarator: (identifier) @name)
    (function_declarator declarator: (parenthesized_declarator (identifier) @name))
    (_ declarator: (function_declarator declarator: (identifier) @name))
    (_ declarator: (_ declarator: (function_declarator declarator: (identifier) @name)))
  ]) @definition.function
(declaration
  declarator: [
    (function_declarator declarator: (identifier) @name)
    (function_declarator declarator: (parenthesized_declarator (identifier) @name))
    (_ declarator: (function_declarator declarator: (identifier) @name))
    (_ declarator: (_ declarator: (function_declarator declarator: (identifier) @name)))
  ]) @definition.function

(comment) @doc
