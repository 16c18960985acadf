; Make. A rule goes by its first target; special targets such as `.PHONY` are settings.

((rule (targets . (_) @name)) @definition.function
  (#not-match? @name "^\\.[A-Z_]+$"))

(define_directive name: (word) @name) @definition.macro

; Only at the top, or below one condition; `+=` only extends a variable.
(makefile
  (variable_assignment
    !target_or_pattern
    name: (word) @name operator: ["=" ":=" "::=" "?="]) @definition.variable)
(makefile
  (conditional
    (variable_assignment
      !target_or_pattern
      name: (word) @name operator: ["=" ":=" "::=" "?="]) @definition.variable))
(makefile
  (export_directive
    (variable_assignment
      name: (word) @name operator: ["=" ":=" "::=" "?="]) @definition.variable))
(makefile
  (override_directive
    (variable_assignment
      name: (word) @name operator: ["=" ":=" "::=" "?="]) @definition.variable))
(makefile (shell_assignment name: (word) @name) @definition.variable)

(comment) @doc
