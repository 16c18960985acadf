; TOML. Tables go by their whole key: `profile.release`.

(table "[" . (_) @name) @definition.section
(table_array_element "[[" . (_) @name) @definition.section

(comment) @doc
