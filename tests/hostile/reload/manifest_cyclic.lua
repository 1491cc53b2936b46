-- expect: invalid.value
-- mode: manifest
local t = { name = "reload_manifest_cyclic", version = "1", api = 1 }
t.needs = { t }
return t
