; Elixir. Every definition is a call of a macro, so its first word tells its kind.

((call
   (arguments . (alias) @name)) @definition.module
  (#match? @definition.module "^defmodule\\b"))
((call
   (arguments . (alias) @name)) @definition.interface
  (#match? @definition.interface "^defprotocol\\b"))
((call
   (arguments . (alias) @name)) @definition.impl
  (#match? @definition.impl "^defimpl\\b"))
; Outside the module that it is for, `for:` names that module.
((call
   (arguments . (alias) @name (keywords . (pair value: (alias) @scope)))) @definition.impl
  (#match? @definition.impl "^defimpl\\b"))

; A struct has its module's name, which stands elsewhere: it goes by the keyword.
(call
  target: (identifier) @name
  (#any-of? @name "defstruct" "defexception" "defrecord")) @definition.struct

; `def name(…)`, `def name`, and both with `when`. Each clause is a definition.
((call
   (arguments .
     [(identifier) @name
      (call target: (identifier) @name)
      (binary_operator
        left: [(identifier) @name (call target: (identifier) @name)]
        operator: "when")])) @definition.function
  (#match? @definition.function "^(def|defp|defdelegate|defn|defnp)\\b"))
((call
   (arguments .
     [(identifier) @name
      (call target: (identifier) @name)
      (binary_operator
        left: [(identifier) @name (call target: (identifier) @name)]
        operator: "when")])) @definition.macro
  (#match? @definition.macro "^(defmacro|defmacrop|defguard|defguardp)\\b"))

; Tests are named by a string.
((call
   (arguments . (string (quoted_content) @name))
   (do_block)) @definition.function
  (#match? @definition.function "^test\\b"))

; `@type name :: …`, `@type name(a) :: …`, `@callback name(a) :: b when …`.
((unary_operator
   operator: "@"
   operand: (call
     (arguments .
       (binary_operator
         left: [(identifier) @name (call target: (identifier) @name)]
         operator: "::")))) @definition.type
  (#match? @definition.type "^@(type|typep|opaque)\\b"))
((unary_operator
   operator: "@"
   operand: (call
     (arguments .
       [(binary_operator left: (call target: (identifier) @name) operator: "::")
        (binary_operator
          left: (binary_operator left: (call target: (identifier) @name) operator: "::")
          operator: "when")]))) @definition.function
  (#match? @definition.function "^@(callback|macrocallback)\\b"))

; `@name value` in a module; the compiler's own attributes are no constants.
(do_block
  (unary_operator operator: "@" operand: (call target: (identifier) @name)) @definition.constant
  (#not-match? @name "^(module|type)?doc$|^(spec|typep?|opaque|(macro|optional_)?callbacks?)$")
  (#not-match? @name "^(impl|behaviour|deprecated|since|derive|enforce_keys|dialyzer|compile)$")
  (#not-match? @name "^(before_compile|after_compile|on_load|on_definition|external_resource)$")
  (#not-match? @name "^(module|describe)?tag$"))

; `@moduledoc` describes what encloses it, not what follows.
((unary_operator operator: "@") @doc
  (#match? @doc
    "^@(doc|spec|impl|typedoc|deprecated|since|dialyzer|derive|enforce_keys|tag)\\b"))
(comment) @doc
