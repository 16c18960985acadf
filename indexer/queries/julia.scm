; Julia. A method goes by the name of its function, without the types that it is for.

(module_definition name: (identifier) @name) @definition.module

(abstract_definition
  (type_head [
    (identifier) @name
    (parametrized_type_expression . (identifier) @name)
    (binary_expression .
      [(identifier) @name (parametrized_type_expression . (identifier) @name)])
  ])) @definition.interface
(primitive_definition
  (type_head [
    (identifier) @name
    (binary_expression . (identifier) @name)
  ])) @definition.type
(struct_definition
  (type_head [
    (identifier) @name
    (parametrized_type_expression . (identifier) @name)
    (binary_expression .
      [(identifier) @name (parametrized_type_expression . (identifier) @name)])
  ])) @definition.struct
((macrocall_expression (macro_argument_list . (identifier) @name)) @definition.enum
  (#match? @definition.enum "^@enum\\b"))

; What a file or a module binds; elsewhere it is local.
(source_file (assignment . (identifier) @name) @definition.variable)
(module_definition (assignment . (identifier) @name) @definition.variable)
(const_statement
  (assignment . [
    (identifier) @name
    (typed_expression . (identifier) @name)
    (parametrized_type_expression . (identifier) @name)
  ])) @definition.constant

; `function name end`, `function name(…)`, both with a type or `where` behind.
(function_definition
  (signature [
    (identifier) @name
    (call_expression . (_) @name)
    (_ . (call_expression . (_) @name))
    (_ . (_ . (call_expression . (_) @name)))
  ])) @definition.function
; `name(…) = …`
(assignment . (call_expression . (_) @name)) @definition.function
(assignment . (typed_expression . (call_expression . (_) @name))) @definition.function
(assignment . (where_expression . (call_expression . (_) @name))) @definition.function
(assignment .
  (where_expression . (typed_expression . (call_expression . (_) @name)))) @definition.function
; Of `Base.show(…)` the last part is the name. After the general patterns, because the last match
; of a node decides its kind.
(function_definition
  (signature
    (call_expression .
      (field_expression value: (_) @scope (identifier) @name .)))) @definition.function
(function_definition
  (signature
    (_ .
      (call_expression .
        (field_expression value: (_) @scope (identifier) @name .))))) @definition.function
(assignment .
  (call_expression .
    (field_expression value: (_) @scope (identifier) @name .))) @definition.function

; Constructors inside a type.
(struct_definition
  (function_definition
    (signature [
      (call_expression . (_) @name)
      (_ . (call_expression . (_) @name))
    ])) @definition.method)
(struct_definition (assignment . (call_expression . (_) @name)) @definition.method)
(struct_definition
  (assignment . (where_expression . (call_expression . (_) @name))) @definition.method)

(macro_definition
  (signature [(identifier) @name (call_expression . (_) @name)])) @definition.macro

; Tests are named by a string.
((macrocall_expression
   (macro_argument_list . (string_literal (content) @name))) @definition.function
  (#match? @definition.function "^@testset\\b"))

; A string that stands alone documents what follows.
(source_file (string_literal) @doc)
(module_definition (string_literal) @doc)
(line_comment) @doc
(block_comment) @doc
