-- The signs of the diagram. A state is told by the shape of its sign, by the edge of its box and by a word; the colour
-- says the same once more.

local symbols = {}

---How a box looks in a state: fill, edge, width of the edge, dashes, a second edge inside.
symbols.looks = {
  plain = { fill = "#ffffff", edge = "#444444", width = 1.2 },
  waiting = { fill = "#ffffff", edge = "#767676", width = 1.2 },
  asked = { fill = "#fff6dc", edge = "#7a5200", width = 2, double = true },
  approved = { fill = "#e8f5ec", edge = "#1e6b34", width = 2.4 },
  returned = { fill = "#fdecea", edge = "#a3261b", width = 2.4, dash = "9 3" },
  skipped = { fill = "#f4f4f4", edge = "#767676", width = 1.2, dash = "3 4" },
  passed = { fill = "#f4f4f4", edge = "#444444", width = 1.6, dash = "9 3" },
}

local inner = {
  approved = '<path d="M-6 0L-2 5L6 -5" fill="none" stroke="#ffffff" stroke-width="2.6"/>',
  asked = '<path d="M-4 -6L7 0L-4 6Z" fill="#7a5200"/>',
  returned = '<path d="M6 5C6 -4 0 -4 -5 -2M-1 -6L-6 -2L-1 3" fill="none" stroke="#a3261b" stroke-width="2"/>',
  skipped = '<path d="M-6 0H6" fill="none" stroke="#767676" stroke-width="2"/>',
  passed = '<path d="M-6 -5L-1 0L-6 5M1 -5L6 0L1 5" fill="none" stroke="#444444" stroke-width="2"/>',
  waiting = "",
}

---@param state string
---@param x number
---@param y number of its middle
---@param number string? what stands in it where there is no state
---@return string
function symbols.draw(state, x, y, number)
  local look = symbols.looks[state]
  local fill = state == "approved" and look.edge or "#ffffff"
  local dash = state == "skipped" and ' stroke-dasharray="3 3"' or ""
  local size = number and #number > 2 and 10 or 12.5
  local text = number and ('<text y="4.5" text-anchor="middle" class="b" font-size="%g">%s</text>'):format(size, number)
    or ""
  return ('<g transform="translate(%g %g)"><circle r="12" fill="%s" stroke="%s" stroke-width="1.8"%s/>%s%s</g>')
    :format(x, y, fill, look.edge, dash, inner[state] or "", text)
end

---@param look table
---@param x number
---@param y number
---@param w number
---@param h number
---@return string
function symbols.box(look, x, y, w, h)
  local dash = look.dash and (' stroke-dasharray="%s"'):format(look.dash) or ""
  local form = '<rect x="%g" y="%g" width="%g" height="%g" rx="7" fill="%s" stroke="%s" stroke-width="%g"%s/>'
  local out = form:format(x, y, w, h, look.fill, look.edge, look.width, dash)
  if not look.double then return out end
  return out .. form:format(x + 4, y + 4, w - 8, h - 8, "none", look.edge, 1, "")
end

return symbols
