; C++. A declarator nests the name below pointers, references, arrays and parameters: `_`
; stands for those that have a field. The parents of prototypes and global variables are
; listed, because local variables are declarations too, and some look like prototypes.
; Templates are captured inside their wrapper, so that a scope reads `class Stack`.

(namespace_definition name: (_) @name) @definition.module

; Classes, structs, unions and enums, where they have a body.
(class_specifier name: (_) @name body: (_)) @definition.class
(struct_specifier name: (_) @name body: (_)) @definition.struct
(union_specifier name: (_) @name body: (_)) @definition.struct
(enum_specifier name: (_) @name body: (_)) @definition.enum

(type_definition
  type: [
    (primitive_type) (sized_type_specifier) (type_identifier) (qualified_identifier) (template_type)
    (placeholder_type_specifier) (decltype) (dependent_type)
    (struct_specifier !body) (union_specifier !body) (enum_specifier !body)
  ]
  declarator: [
    (type_identifier) @name
    (pointer_declarator declarator: (type_identifier) @name)
    (array_declarator declarator: (type_identifier) @name)
    (function_declarator
      declarator: (parenthesized_declarator
        (pointer_declarator declarator: (type_identifier) @name)))
    (reference_declarator (type_identifier) @name)
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

(alias_declaration name: (type_identifier) @name) @definition.type
(concept_definition name: (identifier) @name) @definition.type

; Global variables; `_` is a guard, a condition, `extern "C"` or a template.
(translation_unit
  (declaration
    declarator: [
      (identifier) @name
      (_ declarator: (identifier) @name)
      (_ declarator: (_ declarator: (identifier) @name))
      (_ declarator: (_ declarator: (_ declarator: (identifier) @name)))
    ]) @definition.variable)
(translation_unit
  (_
    (declaration
      declarator: [
        (identifier) @name
        (_ declarator: (identifier) @name)
        (_ declarator: (_ declarator: (identifier) @name))
        (_ declarator: (_ declarator: (_ declarator: (identifier) @name)))
      ]) @definition.variable))
(translation_unit
  (preproc_ifdef
    (_
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
  (_
    (declaration
      declarator: [
        (identifier) @name
        (_ declarator: (identifier) @name)
        (_ declarator: (_ declarator: (identifier) @name))
        (_ declarator: (_ declarator: (_ declarator: (identifier) @name)))
      ]) @definition.variable))
; Constants. Here and below: what comes later decides the kind of a node.
(translation_unit
  (declaration
    (type_qualifier ["const" "constexpr"])
    declarator: [
      (init_declarator declarator: (identifier) @name)
      (init_declarator declarator: (_ declarator: (identifier) @name))
      (init_declarator declarator: (_ declarator: (_ declarator: (identifier) @name)))
    ]) @definition.constant)
(translation_unit
  (_
    (declaration
      (type_qualifier ["const" "constexpr"])
      declarator: [
        (init_declarator declarator: (identifier) @name)
        (init_declarator declarator: (_ declarator: (identifier) @name))
        (init_declarator declarator: (_ declarator: (_ declarator: (identifier) @name)))
      ]) @definition.constant))
(declaration_list
  (declaration
    (type_qualifier ["const" "constexpr"])
    declarator: [
      (init_declarator declarator: (identifier) @name)
      (init_declarator declarator: (_ declarator: (identifier) @name))
      (init_declarator declarator: (_ declarator: (_ declarator: (identifier) @name)))
    ]) @definition.constant)
(field_declaration
  (type_qualifier ["const" "constexpr"])
  declarator: (field_identifier) @name
  default_value: (_)) @definition.constant

; Functions, then prototypes.
(function_definition
  declarator: [
    (function_declarator declarator: [(identifier) (operator_name) (template_function)] @name)
    (reference_declarator
      (function_declarator
        declarator: [(identifier) (operator_name) (template_function)] @name))
    (_
      declarator: (function_declarator
        declarator: [(identifier) (operator_name) (template_function)] @name))
    (_
      declarator: (_
        declarator: (function_declarator
          declarator: [(identifier) (operator_name) (template_function)] @name)))
  ]) @definition.function
(translation_unit
  (declaration
    declarator: [
      (function_declarator declarator: [(identifier) (operator_name) (template_function)] @name)
      (reference_declarator
        (function_declarator
          declarator: [(identifier) (operator_name) (template_function)] @name))
      (_
        declarator: (function_declarator
          declarator: [(identifier) (operator_name) (template_function)] @name))
      (_
        declarator: (_
          declarator: (function_declarator
            declarator: [(identifier) (operator_name) (template_function)] @name)))
    ]) @definition.function)
(translation_unit
  (_
    (declaration
      declarator: [
        (function_declarator declarator: [(identifier) (operator_name) (template_function)] @name)
        (reference_declarator
          (function_declarator
            declarator: [(identifier) (operator_name) (template_function)] @name))
        (_
          declarator: (function_declarator
            declarator: [(identifier) (operator_name) (template_function)] @name))
        (_
          declarator: (_
            declarator: (function_declarator
              declarator: [(identifier) (operator_name) (template_function)] @name)))
      ]) @definition.function))
(translation_unit
  (preproc_ifdef
    (_
      (declaration
        declarator: [
          (function_declarator declarator: [(identifier) (operator_name) (template_function)] @name)
          (reference_declarator
            (function_declarator
              declarator: [(identifier) (operator_name) (template_function)] @name))
          (_
            declarator: (function_declarator
              declarator: [(identifier) (operator_name) (template_function)] @name))
          (_
            declarator: (_
              declarator: (function_declarator
                declarator: [(identifier) (operator_name) (template_function)] @name)))
        ]) @definition.function)))
(declaration_list
  (declaration
    declarator: [
      (function_declarator declarator: [(identifier) (operator_name) (template_function)] @name)
      (reference_declarator
        (function_declarator
          declarator: [(identifier) (operator_name) (template_function)] @name))
      (_
        declarator: (function_declarator
          declarator: [(identifier) (operator_name) (template_function)] @name))
      (_
        declarator: (_
          declarator: (function_declarator
            declarator: [(identifier) (operator_name) (template_function)] @name)))
    ]) @definition.function)
(declaration_list
  (_
    (declaration
      declarator: [
        (function_declarator declarator: [(identifier) (operator_name) (template_function)] @name)
        (reference_declarator
          (function_declarator
            declarator: [(identifier) (operator_name) (template_function)] @name))
        (_
          declarator: (function_declarator
            declarator: [(identifier) (operator_name) (template_function)] @name))
        (_
          declarator: (_
            declarator: (function_declarator
              declarator: [(identifier) (operator_name) (template_function)] @name)))
      ]) @definition.function))

; Members in their class. Constructors and the like are declarations, the others fields.
(field_declaration_list
  (function_definition
    declarator: [
      (function_declarator
        declarator: [(field_identifier) (identifier) (operator_name) (destructor_name)] @name)
      (reference_declarator
        (function_declarator
          declarator: [(field_identifier) (identifier) (operator_name) (destructor_name)] @name))
      (_
        declarator: (function_declarator
          declarator: [(field_identifier) (identifier) (operator_name) (destructor_name)] @name))
      (_
        declarator: (_
          declarator: (function_declarator
            declarator: [(field_identifier) (identifier) (operator_name) (destructor_name)] @name)))
      (operator_cast type: (_) @name)
    ]) @definition.method)
(field_declaration_list
  (template_declaration
    (function_definition
      declarator: [
        (function_declarator
          declarator: [(field_identifier) (identifier) (operator_name) (destructor_name)] @name)
        (reference_declarator
          (function_declarator
            declarator: [(field_identifier) (identifier) (operator_name) (destructor_name)] @name))
        (_
          declarator: (function_declarator
            declarator: [(field_identifier) (identifier) (operator_name) (destructor_name)] @name))
        (_
          declarator: (_
            declarator: (function_declarator
              declarator: [
                (field_identifier) (identifier) (operator_name) (destructor_name)
              ] @name)))
        (operator_cast type: (_) @name)
      ]) @definition.method))
(field_declaration
  declarator: [
    (function_declarator declarator: [(field_identifier) (operator_name)] @name)
    (reference_declarator
      (function_declarator
        declarator: [(field_identifier) (operator_name)] @name))
    (_
      declarator: (function_declarator
        declarator: [(field_identifier) (operator_name)] @name))
    (_
      declarator: (_
        declarator: (function_declarator
          declarator: [(field_identifier) (operator_name)] @name)))
  ]) @definition.method
(field_declaration_list
  (declaration
    declarator: [
      (function_declarator
        declarator: [(field_identifier) (identifier) (operator_name) (destructor_name)] @name)
      (reference_declarator
        (function_declarator
          declarator: [(field_identifier) (identifier) (operator_name) (destructor_name)] @name))
      (_
        declarator: (function_declarator
          declarator: [(field_identifier) (identifier) (operator_name) (destructor_name)] @name))
      (_
        declarator: (_
          declarator: (function_declarator
            declarator: [(field_identifier) (identifier) (operator_name) (destructor_name)] @name)))
      (operator_cast type: (_) @name)
    ]) @definition.method)
(field_declaration_list
  (template_declaration
    (declaration
      declarator: [
        (function_declarator
          declarator: [(field_identifier) (identifier) (operator_name) (destructor_name)] @name)
        (reference_declarator
          (function_declarator
            declarator: [(field_identifier) (identifier) (operator_name) (destructor_name)] @name))
        (_
          declarator: (function_declarator
            declarator: [(field_identifier) (identifier) (operator_name) (destructor_name)] @name))
        (_
          declarator: (_
            declarator: (function_declarator
              declarator: [
                (field_identifier) (identifier) (operator_name) (destructor_name)
              ] @name)))
        (operator_cast type: (_) @name)
      ]) @definition.method))

; Members outside their class, which their name names; of `a::B::run` the last scope counts.
(function_definition
  declarator: [
    (function_declarator
      declarator: (qualified_identifier
        scope: (_) @scope
        name: [(identifier) (operator_name) (destructor_name) (template_function)] @name))
    (function_declarator
      declarator: (qualified_identifier
        name: (qualified_identifier
          scope: (_) @scope
          name: [(identifier) (operator_name) (destructor_name) (template_function)] @name)))
    (function_declarator
      declarator: (qualified_identifier
        name: (qualified_identifier
          name: (qualified_identifier
            scope: (_) @scope
            name: [(identifier) (operator_name) (destructor_name) (template_function)] @name))))
    (reference_declarator
      (function_declarator
        declarator: (qualified_identifier
          scope: (_) @scope
          name: [(identifier) (operator_name) (destructor_name) (template_function)] @name)))
    (reference_declarator
      (function_declarator
        declarator: (qualified_identifier
          name: (qualified_identifier
            scope: (_) @scope
            name: [(identifier) (operator_name) (destructor_name) (template_function)] @name))))
    (_
      declarator: (function_declarator
        declarator: (qualified_identifier
          scope: (_) @scope
          name: [(identifier) (operator_name) (destructor_name) (template_function)] @name)))
    (_
      declarator: (function_declarator
        declarator: (qualified_identifier
          name: (qualified_identifier
            scope: (_) @scope
            name: [(identifier) (operator_name) (destructor_name) (template_function)] @name))))
    (qualified_identifier scope: (_) @scope name: (operator_cast type: (_) @name))
  ]) @definition.method

; Rows of a template's header above what it declares.
(template_declaration "template" @doc)
(template_parameter_list (_) @doc)
(template_parameter_list ">" @doc)
(template_declaration (requires_clause) @doc)
(comment) @doc
