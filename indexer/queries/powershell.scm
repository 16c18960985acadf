; PowerShell. Comment-based help stands before a function, or in it.

(class_statement . (simple_name) @name) @definition.class
(enum_statement . (simple_name) @name) @definition.enum

(function_statement (function_name) @name) @definition.function
(class_method_definition (simple_name) @name) @definition.method
; Static properties; the others are state that the class shows as a whole.
((class_property_definition (variable) @name) @definition.property
  (#match? @definition.property "(?i)^(hidden\\s+)?static\\b"))

; `configuration Name { … }` is a command to the grammar.
((command
   command_elements: (command_elements .
     (command_argument_sep) . (generic_token) @name
     (array_literal_expression (unary_expression (script_block_expression))))) @definition.function
  (#match? @definition.function "(?i)^configuration\\b"))
; Tests are named by a string.
((command
   command_elements: (command_elements .
     (command_argument_sep) .
     (array_literal_expression (unary_expression (string_literal) @name))
     (array_literal_expression (unary_expression (script_block_expression))))) @definition.function
  (#match? @definition.function "(?i)^(Describe|Context|It)\\b"))

; What the top of a script assigns; `+=` only extends a variable. An expression stands below a
; node for each level of precedence.
(program
  (statement_list
    (pipeline
      (assignment_expression
        (left_assignment_expression
          (logical_expression
            (bitwise_expression
              (comparison_expression
                (additive_expression
                  (multiplicative_expression
                    (format_expression
                      (range_expression
                        (array_literal_expression
                          (unary_expression [
                            (variable) @name
                            (expression_with_unary_operator
                              (cast_expression (unary_expression (variable) @name)))
                          ]))))))))))
        (assignement_operator "=")) @definition.variable)))

(comment) @doc
