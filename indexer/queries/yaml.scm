; YAML. Keys that open a group of their own; single values are found as text.

(document (block_node (block_mapping (block_mapping_pair
  key: (flow_node) @name
  value: [(block_node) (flow_node [(flow_mapping) (flow_sequence)])]) @definition.section)))
(document (block_node (block_mapping (block_mapping_pair
  value: (block_node (block_mapping (block_mapping_pair
    key: (flow_node) @name
    value: (block_node (block_mapping))) @definition.section))))))
; The third level of an OpenAPI document names its schemas; elsewhere it is settings.
(document (block_node (block_mapping (block_mapping_pair
  value: (block_node (block_mapping (block_mapping_pair
    value: (block_node (block_mapping (block_mapping_pair
      key: (flow_node) @name
      value: (block_node (block_mapping))) @definition.section
      (#match? @name "^[A-Z]"))))))))))

(comment) @doc
