; Haskell. Each equation of a function is a definition; its type stands before it, as its
; documentation does.

; What follows the header is not nested in it.
(header module: (module) @name) @definition.module

(type_synonym name: (_) @name) @definition.type
(type_family name: (_) @name) @definition.type
(data_family name: (_) @name) @definition.type
(newtype name: (_) @name) @definition.struct
(data_type name: (_) @name) @definition.struct
(data_type (infix operator: (_) @name)) @definition.struct
; Of several constructors only one is there at a time.
(data_type
  name: (_) @name
  constructors: (data_constructors (data_constructor) (data_constructor))) @definition.enum
(data_type name: (_) @name constructors: (gadt_constructors)) @definition.enum

(class name: (_) @name) @definition.trait
; An instance goes by the types that it is for: `instance Show Point`.
(instance name: (_) @name) @definition.impl
(instance patterns: (type_patterns) @name) @definition.impl
(deriving_instance patterns: (type_patterns) @name) @definition.impl

; `function` is a type as well, without a name.
(function name: [(variable) @name (prefix_id (_) @name)]) @definition.function
(function
  (infix operator: [(operator) @name (infix_id (_) @name)])) @definition.function
(foreign_import signature: (signature name: (_) @name)) @definition.function
(pattern_synonym
  (equation synonym: [
    (constructor) @name
    (apply function: (constructor) @name)
    (apply function: (apply function: (constructor) @name))
    (infix operator: (_) @name)
  ])) @definition.function

; Values at the top; those in functions are local.
(declarations (bind name: [(variable) @name (prefix_id (_) @name)]) @definition.constant)
(declarations
  (bind
    name: (variable) @name
    match: (match expression: [(do) (lambda) (lambda_case)])) @definition.function)
(declarations
  (signature
    type: [
      (function)
      (context type: (function))
      (forall type: (function))
      (forall type: (context type: (function)))
    ]) .
  (pragma)? .
  (bind name: [(variable) @name (prefix_id (_) @name)]) @definition.function)

; After the general patterns, because the last match of a node decides its kind.
(class_declarations
  (signature
    name: [(variable) @name (prefix_id (_) @name)]) @definition.method)
(class_declarations
  (signature
    names: (binding_list . name: [(variable) @name (prefix_id (_) @name)])) @definition.method)
(class_declarations
  (function name: [(variable) @name (prefix_id (_) @name)]) @definition.method)
(class_declarations (function (infix operator: (_) @name)) @definition.method)
(class_declarations (bind name: [(variable) @name (prefix_id (_) @name)]) @definition.method)
(instance_declarations
  (function name: [(variable) @name (prefix_id (_) @name)]) @definition.method)
(instance_declarations (function (infix operator: (_) @name)) @definition.method)
(instance_declarations (bind name: [(variable) @name (prefix_id (_) @name)]) @definition.method)

(declarations (signature) @doc)
(declarations (kind_signature) @doc)
(declarations (pattern_synonym (signature)) @doc)
(instance_declarations (signature) @doc)
(local_binds (signature) @doc)
(pragma) @doc
(haddock) @doc
(comment) @doc
