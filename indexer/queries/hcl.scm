; HCL: Terraform, Packer, Nomad. A block goes by its last label.

(block
  (string_lit (template_literal) @name) . (block_start)) @definition.section
; Not the first identifier, which is the kind of the block.
(block (_) . (identifier) @name . (block_start)) @definition.section

; `resource "type" "name"`: addresses begin with the type.
(config_file
  (body
    (block
      (string_lit (template_literal) @scope) .
      (string_lit (template_literal) @name) . (block_start)) @definition.section))

; After the general patterns, because the last match of a node decides its kind.
((block
   . (identifier) . (string_lit (template_literal) @name) . (block_start)) @definition.variable
  (#match? @definition.variable "^variable\\b"))
((block
   . (identifier) . (string_lit (template_literal) @name) . (block_start)) @definition.property
  (#match? @definition.property "^output\\b"))
((block
   . (identifier) . (string_lit (template_literal) @name) . (block_start)) @definition.module
  (#match? @definition.module "^module\\b"))

; A block without labels goes by its type; `locals` by what it defines.
((config_file (body (block . (identifier) @name . (block_start)) @definition.section))
  (#not-eq? @name "locals"))
((config_file
   (body
     (block
       . (identifier) @scope . (block_start)
       (body (attribute . (identifier) @name) @definition.constant))))
  (#eq? @scope "locals"))

; What the top of a file sets: values of variables, settings.
(config_file (body (attribute . (identifier) @name) @definition.variable))

(comment) @doc
