-- expect: limit | plugin.too_many
-- mode: load
-- needs: "command"
for i = 1, 100000 do command.define("c" .. i, function() end) end
