; R. Functions and classes are values, so each gets its name from an assignment or from the call
; that registers it.

; What the top of a file assigns.
(program
  (binary_operator
    lhs: [(identifier) @name (string content: (string_content) @name)]
    operator: ["<-" "<<-" "="]) @definition.variable)
(program
  (binary_operator
    lhs: (identifier) @name
    operator: ["<-" "<<-" "="]) @definition.constant
  (#match? @name "^[A-Z][A-Z0-9_.]*$"))

; After the variables, because the last match of a node decides its kind.
(binary_operator
  lhs: [
    (identifier) @name
    (string content: (string_content) @name)
    (extract_operator lhs: (_) @scope rhs: (identifier) @name)
  ]
  operator: ["<-" "<<-" "="]
  rhs: (function_definition)) @definition.function
((binary_operator
   lhs: (identifier) @name
   operator: ["<-" "="]
   rhs: (call)) @definition.class
  (#match? @definition.class "^[^(]*(<-|=)\\s*(R6::)?(R6Class|setRefClass|setClass|ggproto)\\("))

; `setGeneric("area", …)`, `setMethod("area", "Circle", …)`, `setClass("Circle", …)`.
((call
   arguments: (arguments .
     argument: (argument
       !name value: (string content: (string_content) @name)))) @definition.function
  (#match? @definition.function "^(setGeneric|setValidity|setReplaceMethod)\\("))
((call
   arguments: (arguments .
     argument: (argument !name value: (string content: (string_content) @name)) .
     (comma) .
     argument: (argument value: (string content: (string_content) @scope)))) @definition.method
  (#match? @definition.method "^(setMethod|setReplaceMethod)\\("))
(program
  (call
    arguments: (arguments .
      argument: (argument
        !name value: (string content: (string_content) @name)))) @definition.class
  (#match? @definition.class "^(setClass|setRefClass)\\("))
; Tests are named by a string.
((call
   arguments: (arguments .
     argument: (argument
       !name value: (string content: (string_content) @name)))) @definition.function
  (#match? @definition.function "^(testthat::)?(test_that|describe|it)\\("))

; Members of a list of functions, and of a class: `public = list(name = function() …)`.
(binary_operator
  rhs: (call
    arguments: (arguments
      argument: (argument
        name: (identifier) @name value: (function_definition)) @definition.function))
  (#not-match? @name "^(\\.?f|fn|fun|FUN|error|warning|message|condition|finally)$"))
(argument
  name: (identifier)
  value: (call
    arguments: (arguments
      argument: (argument
        name: (identifier) @name value: (function_definition)) @definition.method))
  (#not-match? @name "^(\\.?f|fn|fun|FUN|error|warning|message|condition|finally)$"))

(comment) @doc
