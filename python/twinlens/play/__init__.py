"""A page on which a pipeline is put together and looked at: `twinlens play`.

The editor, its controls and the pictures know nothing of Gradio; `page` and `cards` only place them.
"""
