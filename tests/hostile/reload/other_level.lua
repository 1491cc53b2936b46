-- expect: plugin.api
-- mode: manifest
return { name = "reload_other_level", version = "1", api = 1000000 }
