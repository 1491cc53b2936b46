-- expect: plugin.api
-- mode: manifest
return { name = "reload_manifest_types", version = {}, api = "1", needs = "storage", requires = 1, config = "x", limits = 1, title = {} }
