; Python. Decorated definitions are captured inside their wrapper, so that a scope reads `def run`.

(class_definition name: (identifier) @name) @definition.class

(function_definition name: (identifier) @name) @definition.function

; After the general pattern, because the last match of a node decides its kind.
(class_definition
  body: (block (function_definition name: (identifier) @name) @definition.method))
(class_definition
  body: (block
    (decorated_definition
      definition: (function_definition name: (identifier) @name) @definition.method)))
; Methods that exist only on some platforms or versions.
(class_definition
  body: (block
    (if_statement
      (block (function_definition name: (identifier) @name) @definition.method))))
(class_definition
  body: (block
    (if_statement
      (else_clause (block (function_definition name: (identifier) @name) @definition.method)))))

; Only direct children of the module: assignments elsewhere are local.
(module
  (expression_statement
    (assignment left: (identifier) @name) @definition.variable))
(module
  (expression_statement
    ((assignment left: (identifier) @name) @definition.constant
      (#match? @name "^_*[A-Z][A-Z0-9_]*$"))))

(type_alias_statement left: (type (identifier) @name)) @definition.type
(type_alias_statement
  left: (type (generic_type (identifier) @name))) @definition.type

(decorator) @doc
(comment) @doc
