"""Camera models and rigs."""

from scene_graph.cameras.fisheye import FisheyeCamera
from scene_graph.cameras.ftheta import FThetaCamera
from scene_graph.cameras.pinhole import PinholeCamera
from scene_graph.cameras.radial import RadialProfile
from scene_graph.cameras.rig import Camera, CameraRig
from scene_graph.cameras.rig_yaml import load_rig, save_rig

__all__ = [
    "Camera",
    "CameraRig",
    "FThetaCamera",
    "FisheyeCamera",
    "PinholeCamera",
    "RadialProfile",
    "load_rig",
    "save_rig",
]
