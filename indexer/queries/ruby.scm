; Ruby.

; Of `class Courier::Van` the last part is the name.
(module name: [
  (constant) @name
  (scope_resolution name: (constant) @name)
]) @definition.module
(class name: [
  (constant) @name
  (scope_resolution name: (constant) @name)
]) @definition.class
; `class << self`
(singleton_class value: (_) @name) @definition.class

; A `def` belongs to some class unless it stands at the top; blocks such as
; `class_methods do` stand between a class and its methods.
(method name: (_) @name) @definition.method
(singleton_method name: (_) @name) @definition.method
(program (method name: (_) @name) @definition.function)
(alias name: (_) @name) @definition.method

; Constants cannot be assigned inside methods, so each one is a definition.
(assignment left: (constant) @name) @definition.constant

(comment) @doc
