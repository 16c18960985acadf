; Bash and its relatives.

(function_definition name: (word) @name) @definition.function

; Functions assign globals too, but the top of a script declares them; `+=` only extends one.
(program
  (variable_assignment name: (variable_name) @name "=") @definition.variable)
(program
  (variable_assignments
    (variable_assignment name: (variable_name) @name "=") @definition.variable))
(program
  (declaration_command
    (variable_assignment name: (variable_name) @name "=") @definition.variable))
; After the variables, because the last match of a node decides its kind.
(program
  (declaration_command
    "readonly"
    (variable_assignment name: (variable_name) @name) @definition.constant))

(comment) @doc
