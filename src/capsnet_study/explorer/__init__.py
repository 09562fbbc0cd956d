"""The report as one page to explore: its text and figures, and charts that answer the mouse."""

from capsnet_study.explorer.fitting_charts import curves_chart, trajectories_chart
from capsnet_study.explorer.map_chart import maps_chart
from capsnet_study.explorer.page import Exhibit, render_page

__all__ = ["Exhibit", "curves_chart", "maps_chart", "render_page", "trajectories_chart"]
