; JSON. Keys that open a group of their own; single values are found as text.

(document (object (pair
  key: (string . (string_content) @name)
  value: [(object) (array)]) @definition.section))
(document (object (pair value: (object (pair
  key: (string . (string_content) @name)
  value: (object)) @definition.section))))
; The third level of an OpenAPI document names its schemas; elsewhere it is settings.
(document (object (pair value: (object (pair value: (object (pair
  key: (string . (string_content) @name)
  value: (object)) @definition.section
  (#match? @name "^[A-Z]")))))))

(comment) @doc
