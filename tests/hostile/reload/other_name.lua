-- expect: plugin.name
-- mode: manifest
return { name = "good", version = "1", api = 1, needs = { "storage" } }
