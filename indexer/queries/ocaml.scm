; OCaml. Bindings are captured rather than definitions: one definition may bind several with
; `and`.

(module_definition . (module_binding . (module_name) @name)) @definition.module
(module_type_definition (module_type_name) @name) @definition.interface
(class_binding (class_name) @name) @definition.class
(class_type_binding (class_type_name) @name) @definition.interface

(type_binding name: (_) @name) @definition.type
; After the general pattern, because the last match of a node decides its kind.
(type_binding name: (_) @name body: (record_declaration)) @definition.struct
(type_binding name: (_) @name body: (variant_declaration)) @definition.enum
(exception_definition (constructor_declaration (constructor_name) @name)) @definition.struct

; Values of a file or a module; those in expressions are local.
(compilation_unit
  (value_definition
    (let_binding . [(value_name) (parenthesized_operator)] @name) @definition.constant))
(structure
  (value_definition
    (let_binding . [(value_name) (parenthesized_operator)] @name) @definition.constant))
; With parameters, or bound to `fun` or `function`.
(let_binding .
  [(value_name) (parenthesized_operator)] @name
  (parameter)) @definition.function
(let_binding .
  [(value_name) (parenthesized_operator)] @name
  body: [(fun_expression) (function_expression)]) @definition.function
(external [(value_name) (parenthesized_operator)] @name) @definition.function

; In signatures.
(value_specification [(value_name) (parenthesized_operator)] @name) @definition.constant
(value_specification
  [(value_name) (parenthesized_operator)] @name
  type: [(function_type) (polymorphic_type (function_type))]) @definition.function

(method_definition (method_name) @name) @definition.method
(method_specification (method_name) @name) @definition.method

(comment) @doc
