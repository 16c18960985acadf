; CSS. A rule goes by its selectors, an at-rule by what follows the keyword.

(rule_set (selectors) @name) @definition.rule
(media_statement "@media" . (_) @name) @definition.rule
(supports_statement "@supports" . (_) @name) @definition.rule
(scope_statement "@scope" . "(" . (_) @name) @definition.rule
(keyframes_statement (keyframes_name) @name) @definition.rule
; `@font-face` and the like have nothing but the keyword.
(at_rule (at_keyword) @name . (block)) @definition.rule
(at_rule (at_keyword) . (_) @name (block)) @definition.rule

; Custom properties of `:root` and `:host` hold for a whole page or component.
(rule_set
  (selectors (pseudo_class_selector . (class_name)))
  (block
    (declaration (property_name) @name) @definition.variable
    (#match? @name "^--")))

(comment) @doc
