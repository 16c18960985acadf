; Markdown. A section reaches to the next heading of its level, so sections nest.

(section . (atx_heading heading_content: (inline) @name)) @definition.section
; An underlined heading opens no section in this grammar: it stands for itself.
(setext_heading heading_content: (paragraph) @name) @definition.section
