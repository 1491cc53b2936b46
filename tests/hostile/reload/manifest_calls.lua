-- expect: lua.error
-- mode: manifest
return { name = "reload_manifest_calls", version = ("x"):rep(1 << 40), api = 1 }
