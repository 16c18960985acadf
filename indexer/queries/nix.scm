; Nix. Everything is an expression: what a binding binds tells its kind. Single values are found
; as text.

; Groups of bindings, and calls that are given one, such as `mkDerivation { … }`.
(binding attrpath: (attrpath) @name
  expression: [(attrset_expression) (rec_attrset_expression)]) @definition.section
(binding attrpath: (attrpath) @name
  expression: [
    (apply_expression argument: [(attrset_expression) (rec_attrset_expression)])
    (apply_expression
      argument: (parenthesized_expression
        expression: [
          (attrset_expression)
          (rec_attrset_expression)
          (function_expression)
        ]))
    (with_expression body: [(attrset_expression) (apply_expression)])
    (let_expression body: [(attrset_expression) (rec_attrset_expression) (apply_expression)])
  ]) @definition.section

; What the `let` of a file binds; further inside it is local.
(source_code
  expression: (let_expression
    (binding_set (binding attrpath: (attrpath) @name) @definition.variable)))
(source_code
  expression: (function_expression
    body: (let_expression
      (binding_set (binding attrpath: (attrpath) @name) @definition.variable))))
(source_code
  expression: (function_expression
    body: (function_expression
      body: (let_expression
        (binding_set (binding attrpath: (attrpath) @name) @definition.variable)))))

; After the variables, because the last match of a node decides its kind.
(binding attrpath: (attrpath) @name
  expression: (function_expression)) @definition.function

(comment) @doc
