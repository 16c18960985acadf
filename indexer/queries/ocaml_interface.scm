; Interfaces of OCaml modules. Their grammar is that of OCaml, but for what a file may hold.

(module_definition . (module_binding . (module_name) @name)) @definition.module
(module_type_definition (module_type_name) @name) @definition.interface
(class_binding (class_name) @name) @definition.class
(class_type_binding (class_type_name) @name) @definition.interface

(type_binding name: (_) @name) @definition.type
; After the general patterns, because the last match of a node decides its kind.
(type_binding name: (_) @name body: (record_declaration)) @definition.struct
(type_binding name: (_) @name body: (variant_declaration)) @definition.enum
(exception_definition (constructor_declaration (constructor_name) @name)) @definition.struct

(value_specification [(value_name) (parenthesized_operator)] @name) @definition.constant
(value_specification
  [(value_name) (parenthesized_operator)] @name
  type: [(function_type) (polymorphic_type (function_type))]) @definition.function
(external [(value_name) (parenthesized_operator)] @name) @definition.function
(method_specification (method_name) @name) @definition.method

(comment) @doc
