-- How a step stands. A state is told by the shape of its sign, by the edge of its box and by a word; the colour says
-- the same once more. Colours, of paper and of a dark screen, are classes in the style of the drawing: k-STATE a box,
-- e-STATE what has the colour of its edge, f-STATE what is filled with it.

local symbols = {}

local looks = {
  plain = { width = 1.2 },
  waiting = { width = 1.2 },
  asked = { width = 2, double = true },
  approved = { width = 2.4 },
  returned = { width = 2.4, dash = "9 3" },
  skipped = { width = 1.2, dash = "3 4" },
  passed = { width = 1.6, dash = "9 3" },
}

-- Fill of the box and its edge: on paper, on a dark screen.
local palettes = {
  paper = {
    plain = { "#ffffff", "#444444" }, waiting = { "#ffffff", "#767676" }, asked = { "#fff6dc", "#7a5200" },
    approved = { "#e8f5ec", "#1e6b34" }, returned = { "#fdecea", "#a3261b" }, skipped = { "#f4f4f4", "#767676" },
    passed = { "#f4f4f4", "#444444" },
    ground = "#ffffff", frame = "#fafafa", finish = "#eef2f7", ink = "#1a1a1a", line = "#444444",
  },
  dark = {
    plain = { "#242629", "#b8bcc2" }, waiting = { "#242629", "#8d939b" }, asked = { "#3a3018", "#f2c45a" },
    approved = { "#17301f", "#6fcf8b" }, returned = { "#3b1f1d", "#ff9a8f" }, skipped = { "#1f2124", "#8d939b" },
    passed = { "#1f2124", "#b8bcc2" },
    ground = "#17181a", frame = "#1d1f22", finish = "#222a35", ink = "#ececec", line = "#b8bcc2",
  },
}

local function rules_of(palette)
  local out = {}
  local function rule(...) out[#out + 1] = string.format(...) end
  rule("text{fill:%s}.g{fill:%s}.gs{stroke:%s}", palette.ink, palette.ground, palette.ground)
  rule(".l{stroke:%s}.a{fill:%s}", palette.line, palette.line)
  rule(".fr{fill:%s;stroke:%s}.en{fill:%s;stroke:%s}", palette.frame, palette.line, palette.finish, palette.line)
  for _, state in ipairs { "plain", "waiting", "asked", "approved", "returned", "skipped", "passed" } do
    local fill, edge = palette[state][1], palette[state][2]
    rule(".k-%s{fill:%s;stroke:%s}.e-%s{stroke:%s}.f-%s{fill:%s}", state, fill, edge, state, edge, state, edge)
  end
  return table.concat(out)
end

---The colours, as rules for <style>: those of paper, where nothing else is said.
---@return string
function symbols.style()
  return rules_of(palettes.paper) .. "@media screen and (prefers-color-scheme:dark){" .. rules_of(palettes.dark) .. "}"
end

local inner = {
  approved = '<path class="gs" d="M-6 0L-2 5L6 -5" fill="none" stroke-width="2.6"/>',
  asked = '<path class="f-asked" d="M-4 -6L7 0L-4 6Z"/>',
  returned = '<path class="e-returned" d="M6 5C6 -4 0 -4 -5 -2M-1 -6L-6 -2L-1 3" fill="none" stroke-width="2"/>',
  skipped = '<path class="e-skipped" d="M-6 0H6" fill="none" stroke-width="2"/>',
  passed = '<path class="e-passed" d="M-6 -5L-1 0L-6 5M1 -5L6 0L1 5" fill="none" stroke-width="2"/>',
  waiting = "",
}

---@param state string
---@param x number
---@param y number of its middle
---@param number string? what stands in it where there is no state
---@return string
function symbols.draw(state, x, y, number)
  local fill = state == "approved" and "f-approved" or "g"
  local dash = state == "skipped" and ' stroke-dasharray="3 3"' or ""
  local size = number and #number > 2 and 10 or 12.5
  local text = number and ('<text y="4.5" text-anchor="middle" class="b" font-size="%g">%s</text>'):format(size, number)
    or ""
  return ('<g transform="translate(%g %g)"><circle r="12" class="%s e-%s" stroke-width="1.8"%s/>%s%s</g>')
    :format(x, y, fill, state, dash, inner[state] or "", text)
end

---@param state string
---@param x number
---@param y number
---@param w number
---@param h number
---@return string
function symbols.box(state, x, y, w, h)
  local look = looks[state]
  local dash = look.dash and (' stroke-dasharray="%s"'):format(look.dash) or ""
  local form = '<rect x="%g" y="%g" width="%g" height="%g" rx="7" class="%s" stroke-width="%g"%s/>'
  local out = form:format(x, y, w, h, "k-" .. state, look.width, dash)
  if not look.double then return out end
  return out .. form:format(x + 4, y + 4, w - 8, h - 8, "n0 e-" .. state, 1, "")
end

return symbols
