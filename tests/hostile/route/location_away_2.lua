-- expect: route.header
-- mode: get
return { headers = { Location = "//evil.example/" } }
