"""YAML files to a valid `Configuration`, or to every problem they have, each with file, line, column and remedy.

    folder -> bundle -> document -> shapes -> checks -> build -> Configuration

bundle      the bytes of a revision          document, scalars   the one door for YAML, with places
shapes      what may stand in each file      checks              rules between keys, and between files
urls        which URLs are accepted          secrets             names of secrets to secrets
profiles    vendors' rows of defaults        deployment          broker.yaml, environment and flags
build       shapes to the model              schema              JSON Schema for editors
"""

from broker.configuration.bundle import Bundle, read_folder
from broker.configuration.deployment import load_deployment
from broker.configuration.load import check, load
from broker.configuration.profiles import profile, vendors
from broker.configuration.schema import schema

__all__ = ["Bundle", "check", "load", "load_deployment", "profile", "read_folder", "schema", "vendors"]
