-- What this plugin adds. Each file declares one thing; see `khung api` for what there is.
require "{{name}}.request"
