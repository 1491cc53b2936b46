-- {{:init}}
require "{{name}}.request"
