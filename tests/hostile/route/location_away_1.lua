-- expect: route.header
-- mode: get
return { headers = { Location = "https://evil.example/" } }
