-- Reports over what the other plugins keep. A new one is a file like these and a line here.

require "reports.award_summary"
require "reports.approval_times"
