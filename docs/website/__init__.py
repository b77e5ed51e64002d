"""What makes the site of docs/: tables from reports, links, notebooks, the API reference. See .mkdocs.yml."""
